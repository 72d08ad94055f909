"""Addresses of the console, one list; a new page adds its line here."""

from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.i18n import set_language

from huitou.console.views import (
    charts,
    dashboard,
    identity,
    jobs,
    member,
    members,
    privacy,
    session,
)

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("regions/", dashboard.regions, name="regions"),
    path("refresh/", dashboard.refresh, name="refresh"),
    path("charts/trend/", charts.trend, name="chart_trend"),
    path("charts/rfm/", charts.rfm, name="chart_rfm"),
    path("charts/lifecycle/", charts.lifecycle, name="chart_lifecycle"),
    path("members/", members.members_list, name="members"),
    path("members/export.<str:kind>", members.members_export, name="members_export"),
    path("members/review/", identity.review, name="identity_review"),
    path("members/review/policy/", identity.policy, name="identity_policy"),
    path(
        "members/review/suggestions/<int:suggestion_id>/",
        identity.suggestion,
        name="identity_suggestion",
    ),
    path(
        "members/review/conflicts/<int:conflict_id>/", identity.conflict, name="identity_conflict"
    ),
    path("members/<uuid:public_id>/", member.member, name="member"),
    path("members/<uuid:public_id>/merge/", identity.merge, name="member_merge"),
    path("members/<uuid:public_id>/split/", identity.split, name="member_split"),
    path("members/<uuid:public_id>/contact/", privacy.contact, name="member_contact"),
    path("members/<uuid:public_id>/personal-data/", privacy.export, name="member_personal_data"),
    path("members/<uuid:public_id>/erase/", privacy.erase, name="member_erase"),
    path("privacy/", privacy.overview, name="privacy"),
    path("jobs/tray/", jobs.tray, name="jobs_tray"),
    path(
        "login/",
        LoginView.as_view(template_name="console/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("language/", set_language, name="set_language"),
    path("scope/", session.choose_scope, name="scope"),
    path("theme/", session.choose_theme, name="theme"),
    path("rise-colour/", session.choose_rise_colour, name="rise_colour"),
]
