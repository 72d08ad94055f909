"""Django settings. Everything a site changes comes from the environment or ``HUITOU_HOME``."""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from huitou.config.database import database_settings
from huitou.config.home import home, secret_key

PACKAGE = Path(__file__).resolve().parent.parent
HUITOU_HOME = home()
LAKE_ROOT = HUITOU_HOME / "lake"
UPLOADS_ROOT = HUITOU_HOME / "uploads"

SECRET_KEY = secret_key()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("HUITOU_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("HUITOU_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "huitou.vault",
    "huitou.brands",
    "huitou.eventlog",
    "huitou.jobs",
    "huitou.lake",
    "huitou.ui",
    "huitou.members",
    "huitou.privacy",
    "huitou.commerce",
    "huitou.behaviour",
    "huitou.insight",
    "huitou.segments",
    "huitou.ingest",
    "huitou.api",
    "huitou.console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "huitou.ui.middleware.ScopeMiddleware",
    "huitou.ui.middleware.ActorMiddleware",
    "huitou.ui.middleware.SignedInMiddleware",
]

ROOT_URLCONF = "huitou.config.urls"
CSRF_FAILURE_VIEW = "huitou.ui.errors.csrf_failure"
WSGI_APPLICATION = "huitou.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "huitou.ui.context.page",
            ],
            "builtins": ["django.templatetags.i18n", "huitou.ui.templatetags.ui"],
        },
    }
]

DATABASES = {"default": database_settings(HUITOU_HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "brands.Staff"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
SESSION_COOKIE_HTTPONLY = True
# A working day without a visit signs out; ui.middleware renews it while the person works.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [PACKAGE / "ui" / "locale"]
FORMAT_MODULE_PATH = ["huitou.ui.formats"]
USE_THOUSAND_SEPARATOR = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = HUITOU_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "huitou.config.static_files.StaticFiles"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# Larger files are read from disk in pieces; the limit of an import is huitou.ingest's own.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

AUDITED_TABLES = "huitou.config.audited.TABLES"

# Requests of one API key: at once, and a second on average.
API_BURST = int(os.environ.get("HUITOU_API_BURST", "600"))
API_PER_SECOND = float(os.environ.get("HUITOU_API_PER_SECOND", "200"))

# What computes figures and segments over the lake, see docs/how-to/spark.md.
ENGINE = os.environ.get("HUITOU_ENGINE", "duckdb")
SPARK_MASTER = os.environ.get("HUITOU_SPARK_MASTER", "local[*]")

# Whether webhooks and platforms may lie within the site's own network, also without TLS.
OUTGOING_INTERNAL = os.environ.get("HUITOU_OUTGOING_INTERNAL", "") == "1"

PROCRASTINATE_IMPORT_PATHS = ["huitou.config.tasks"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {
        "handlers": ["stderr"],
        "level": os.environ.get("HUITOU_LOG_LEVEL", "WARNING"),
    },
}
