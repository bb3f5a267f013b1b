"""What the floors above may listen to."""

from django.dispatch import Signal

# The rows of a submission are loaded and it does not count yet: judge them. Sent in the worker, with `submission`.
# A receiver that raises makes the attempt fail, and the submission is tried again.
loaded = Signal()

# A submission is done: it counts from now on, unless it is a trial. Sent on commit, with `submission`. A receiver only nudges:
# what it does may be lost with the process, and must be found again by a sweep.
accepted = Signal()
