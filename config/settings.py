"""Every setting of the service. Environment variables are read in the first section;
docs/operating.md lists them in one table."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from config import environment as env
from config.cors import CORS_ALLOW_CREDENTIALS as CORS_ALLOW_CREDENTIALS
from config.cors import CORS_ALLOW_HEADERS as CORS_ALLOW_HEADERS
from config.cors import CORS_EXPOSE_HEADERS as CORS_EXPOSE_HEADERS
from config.cors import CORS_URLS_REGEX as CORS_URLS_REGEX
from config.databases import tuned
from config.loggers import logging_settings
from config.openapi import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS
from config.reporting import report_errors
from config.rest import REST_FRAMEWORK as REST_FRAMEWORK
from config.variables import load_dotenv_file, unknown_variables

load_dotenv_file(Path.cwd() / ".env")
BASE_DIR = Path(__file__).resolve().parent.parent
_is_checkout = (BASE_DIR / "manage.py").exists()
#: What the service itself writes. The folder of an installed package is not to be written to.
DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "var" if _is_checkout else Path.cwd() / "seenby-data")
DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")
#: Weak secrets are allowed only for trying it out: with one, anybody could sign tokens.
STRONG_SECRETS = not (DEBUG or DEMO)
_made = env.secret("SECRET_KEY", DATA_DIR / "secret_key")
SECRET_KEY = env.strong("SECRET_KEY", _made, required=STRONG_SECRETS)
#: Earlier values of SECRET_KEY: what they sealed and signed is still accepted.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
for _former in SECRET_KEY_FALLBACKS:
    env.strong("SECRET_KEY_FALLBACKS", _former, required=STRONG_SECRETS)
HOST = env.text("HOST", "127.0.0.1")
PORT = env.text("PORT", "8000")
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    "*" if DEMO and HOST in ("0.0.0.0", "::") else f"localhost,127.0.0.1,[::1],{HOST}",  # noqa: S104
)
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
CORS_ALLOWED_ORIGINS = env.origins("CORS_ALLOWED_ORIGINS")
FORWARDED_ALLOW_IPS = env.proxies("FORWARDED_ALLOW_IPS", "127.0.0.1,::1")
HTTPS = env.flag("HTTPS", default=not (DEBUG or DEMO))
HSTS_SECONDS = env.number("HSTS_SECONDS", 60 * 60)
HSTS_INCLUDE_SUBDOMAINS = env.flag("HSTS_INCLUDE_SUBDOMAINS")
HSTS_PRELOAD = env.flag("HSTS_PRELOAD")
DATABASE = env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'seenby.sqlite3'}")
DB_POOL_MAX = env.number("DB_POOL_MAX", 0)
DB_PREPARE = env.choice("DB_PREPARE")
DB_LOCK_TIMEOUT_MS = env.number("DB_LOCK_TIMEOUT_MS", 3_000)
METRICS_TOKEN = env.text("METRICS_TOKEN")
if METRICS_TOKEN:
    env.strong("METRICS_TOKEN", METRICS_TOKEN, required=STRONG_SECRETS)
METRICS_ALLOW = env.networks("METRICS_ALLOW")
METRICS = bool(METRICS_TOKEN or METRICS_ALLOW)
LOG_LEVEL = env.one_of("LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")
LOG_FORMAT = env.one_of("LOG_FORMAT", "json", "text")

JWT_SECRET = env.strong("JWT_SECRET", env.text("JWT_SECRET") or SECRET_KEY, required=STRONG_SECRETS)
JWT_PUBLIC_KEYS = env.public_keys("JWT_PUBLIC_KEYS")
JWT_JWKS_URL = env.key_set_url("JWT_JWKS_URL", allow_http=DEBUG or DEMO)
JWT_JWKS_LIFETIME_SECONDS = env.number("JWT_JWKS_LIFETIME_SECONDS", 3_600, least=60)
JWT_ISSUER = env.text("JWT_ISSUER", "seenby")
JWT_AUDIENCE = env.text("JWT_AUDIENCE", "seenby")
TOKEN_LIFETIME_SECONDS = env.number("TOKEN_LIFETIME_SECONDS", 24 * 60 * 60, least=1)

RECEIPTS_MAX_RECIPIENTS = env.number("RECEIPTS_MAX_RECIPIENTS", 10_000)
RECEIPTS_RECIPROCAL = env.flag("RECEIPTS_RECIPROCAL")
RECEIPTS_MANDATORY = env.flag("RECEIPTS_MANDATORY")
BATCH_ROWS = env.number("BATCH_ROWS", 2_000, least=1)
BATCH_BUDGET_MS = env.number("BATCH_BUDGET_MS", 2_000)
MAX_BODY_CHARACTERS = env.number("MAX_BODY_CHARACTERS", 10_000)
MAX_REQUEST_BYTES = env.number("MAX_REQUEST_BYTES", 1_000_000, least=1_000)
THROTTLE_USER_READS = env.number("THROTTLE_USER_READS", 1_200)
THROTTLE_USER_WRITES = env.number("THROTTLE_USER_WRITES", 1_200)
THROTTLE_KEY_READS = env.number("THROTTLE_KEY_READS", 0)
THROTTLE_KEY_WRITES = env.number("THROTTLE_KEY_WRITES", 0)
GATEWAYS = env.some_of("GATEWAYS", "sendbird", "socialplus", "tencent", "agora", default=DEMO)
EVENTS_POLL_MS = env.number("EVENTS_POLL_MS", 200, least=10)
EVENTS_HEARTBEAT_SECONDS = env.number("EVENTS_HEARTBEAT_SECONDS", 20, least=1)
EVENTS_STREAM_SECONDS = env.number("EVENTS_STREAM_SECONDS", 60 * 60, least=1)
EVENTS_MAX_STREAMS = env.number("EVENTS_MAX_STREAMS", 10_000)
EVENTS_MAX_STREAMS_EACH = env.number("EVENTS_MAX_STREAMS_EACH", 20)
EVENTS_RETENTION_DAYS = env.number("EVENTS_RETENTION_DAYS", 7, least=1)
WEBHOOKS_ALLOW_PRIVATE = env.flag("WEBHOOKS_ALLOW_PRIVATE")
WEBHOOKS_GIVE_UP_HOURS = env.number("WEBHOOKS_GIVE_UP_HOURS", 72, least=1)
SERVER_THREADS = env.number("SERVER_THREADS", 8, least=1)
SERVER_GREENLETS = env.number("SERVER_GREENLETS", 8, least=0)
SERVER_MAX_WAITING = env.number("SERVER_MAX_WAITING", 512, least=1)
SERVER_MAX_HEAD_BYTES = env.number("SERVER_MAX_HEAD_BYTES", 65_536, least=1_000)
SERVER_MAX_BODIES_BYTES = env.number(
    "SERVER_MAX_BODIES_BYTES", 32 * MAX_REQUEST_BYTES, least=MAX_REQUEST_BYTES
)
SERVER_HEAD_SECONDS = env.number("SERVER_HEAD_SECONDS", 10, least=1)
SERVER_BODY_SECONDS = env.number("SERVER_BODY_SECONDS", 60, least=1)
SERVER_STALL_SECONDS = env.number("SERVER_STALL_SECONDS", 30, least=1)
SERVER_ANSWER_SECONDS = env.number("SERVER_ANSWER_SECONDS", 300, least=1)
SENTRY_DSN = env.text("SENTRY_DSN")
#: Sentences, logged once at the start (``receipts.apps``).
UNKNOWN_VARIABLES = unknown_variables()

# --- Applications -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "receipts",  # before the admin, whose templates it extends
    "receipts.apps.ModerationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "corsheaders",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "chat",
    # Without DEMO, the demo's page and files do not exist.
    *(["receipts.demo"] if DEMO else []),
]

MIDDLEWARE = [
    "config.logs.RequestLogMiddleware",
    "config.releasing.ReleaseMiddleware",
    "receipts.api.policy.ContentSecurityPolicyMiddleware",
    # Before all that may answer, or a page could not read those answers.
    "corsheaders.middleware.CorsMiddleware",
    "config.hosts.HostMiddleware",  # before what sends to HTTPS
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.addresses.EncodedSlashMiddleware",
    "axes.middleware.AxesMiddleware",  # the last one
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# A missing slash is an error, not a redirect: a redirected POST loses its body.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database -----------------------------------------------------------------------------------

DATABASES = {"default": tuned(DATABASE, prepare=DB_PREPARE, pool_max=DB_POOL_MAX)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SILENCED_SYSTEM_CHECKS = [
    # SQLite indexes without the columns that are only included: it costs speed, nothing else.
    "models.W040",
    # Whether other hosts of the domain have to speak HTTPS, for a year, is the operator's decision.
    "security.W004",
    "security.W005",
    "security.W021",
]

# Used by throttles and login limits. Django's default keeps 300 entries and evicts at random.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- Users and sessions -------------------------------------------------------------------------

AUTH_USER_MODEL = "chat.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses before a password is checked
    "chat.signing_in.PasswordBackend",
]
# After 5 wrong passwords for a username from an address, that pair is locked out for 15 minutes.
# Not a username alone, or anybody could lock moderators out. Failures are counted in the database,
# so that all processes share them.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "chat.signing_in.address_of"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "receipts.admin.site.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_ENGINE = "config.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz/$", r"^readyz/$"]
SECURE_HSTS_SECONDS = HSTS_SECONDS if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS, SECURE_HSTS_PRELOAD = HSTS_INCLUDE_SUBDOMAINS, HSTS_PRELOAD
X_FRAME_OPTIONS = "DENY"

# --- Time, language, files ----------------------------------------------------------------------

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
FORMAT_MODULE_PATH = "receipts.formats"
STATIC_URL = "/static/"
# Static files are served from the packages that ship them, so nothing has to be collected first.
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_REQUEST_BYTES

# --- Logs ---------------------------------------------------------------------------------------

LOGGING = logging_settings(LOG_LEVEL, LOG_FORMAT)
report_errors(SENTRY_DSN)
