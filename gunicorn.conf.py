"""Gunicorn's settings, the same under `manage.py portal` and in the container. Slow senders: kpr_portal/serving.py."""

wsgi_app = "kpr_portal.wsgi"
worker_class = "kpr_portal.serving.BufferingWorker"
workers = 2
# For pages; messages have threads of their own.
threads = 4
# Seconds without a sign of life from a process. Its loop takes no part in the work, so it is never busy for long.
timeout = 120
graceful_timeout = 10
# Its path would be shared by all portals of one user.
control_socket_disable = True
