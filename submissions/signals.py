"""What the floors above may listen to."""

from django.dispatch import Signal

# The rows of a submission are loaded and it does not count yet: judge them. Sent in the worker, with `submission`.
# A receiver that raises makes the attempt fail, and the submission is tried again.
loaded = Signal()
