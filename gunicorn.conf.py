"""Gunicorn's settings, the same under `manage.py portal` and in the container."""

wsgi_app = "kpr_portal.wsgi"
worker_class = "gthread"
workers = 2
threads = 4
# Seconds. A large message over a slow line takes minutes, and a worker must not be killed under it.
timeout = 300
graceful_timeout = 10
keepalive = 5
# Its path would be shared by all portals of one user.
control_socket_disable = True
