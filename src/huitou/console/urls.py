"""Addresses of the console, one list; a new page adds its line here."""

from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.i18n import set_language

from huitou.console.views import (
    account,
    audit,
    bulk_tags,
    charts,
    dashboard,
    definitions,
    elsewhere,
    identity,
    jobs,
    member,
    members,
    privacy,
    profile,
    segments,
    session,
    sign_in,
    staff,
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
    path("members/review/look/", identity.look, name="identity_look"),
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
    path("members/tag/", bulk_tags.bulk_tag, name="members_tag"),
    path(
        "members/<uuid:public_id>/attributes/", profile.member_attributes, name="member_attributes"
    ),
    path("members/<uuid:public_id>/tag/", profile.member_tag, name="member_tag"),
    path("members/<uuid:public_id>/consent/", profile.member_consent, name="member_consent"),
    path("members/<uuid:public_id>/touch/", profile.member_touch, name="member_touch"),
    path("attributes/", definitions.attributes_page, name="attributes"),
    path("attributes/add/", definitions.attribute_added, name="attribute_added"),
    path("attributes/usual/", definitions.usual_attributes, name="usual_attributes"),
    path(
        "attributes/<slug:code>/retired/", definitions.attribute_retired, name="attribute_retired"
    ),
    path("tags/", definitions.tags_page, name="tags"),
    path("tags/add/", definitions.tag_added, name="tag_added"),
    path("tags/<int:change_id>/undo/", definitions.tag_change_undone, name="tag_change_undone"),
    path("touchpoints/", definitions.touchpoints_page, name="touchpoints"),
    path("touchpoints/add/", definitions.touchpoint_added, name="touchpoint_added"),
    path(
        "touchpoints/<slug:code>/retired/",
        definitions.touchpoint_retired,
        name="touchpoint_retired",
    ),
    path("members/<uuid:public_id>/merge/", identity.merge, name="member_merge"),
    path("members/<uuid:public_id>/split/", identity.split, name="member_split"),
    path("members/<uuid:public_id>/brands/", elsewhere.elsewhere, name="member_elsewhere"),
    path("members/<uuid:public_id>/contact/", privacy.contact, name="member_contact"),
    path("members/<uuid:public_id>/personal-data/", privacy.export, name="member_personal_data"),
    path("members/<uuid:public_id>/erase/", privacy.erase, name="member_erase"),
    path("privacy/", privacy.overview, name="privacy"),
    path("segments/", segments.segments_list, name="segments"),
    path("segments/refresh/", segments.segments_refresh, name="segments_refresh"),
    path("segment/<slug:slug>/", segments.segment_page, name="segment"),
    path("segment/<slug:slug>/sizes/", segments.segment_sizes, name="segment_sizes"),
    path("segment/<slug:slug>/state/", segments.segment_state, name="segment_state"),
    path("segment/<slug:slug>/restored/", segments.segment_restored, name="segment_restored"),
    path("jobs/tray/", jobs.tray, name="jobs_tray"),
    path("staff/", staff.staff_list, name="staff"),
    path("staff/invite/", staff.invite, name="staff_invite"),
    path("staff/<int:staff_id>/", staff.person, name="staff_person"),
    path("staff/<int:staff_id>/roles/", staff.roles, name="staff_roles"),
    path("staff/<int:staff_id>/account/", staff.account, name="staff_account"),
    path("audit/", audit.audit_log, name="audit"),
    path("audit/verify/", audit.verify, name="audit_verify"),
    path("account/", account.account, name="account"),
    path("account/profile/", account.profile, name="account_profile"),
    path("account/password/", account.password, name="account_password"),
    path("account/second-factor/", account.second_factor_page, name="second_factor"),
    path("account/recovery-codes/", account.recovery_codes, name="recovery_codes"),
    path(
        "account/second-factor/remove/", account.remove_second_factor, name="remove_second_factor"
    ),
    path("account/sessions/end/", account.end_sessions, name="end_sessions"),
    path("login/", sign_in.sign_in, name="login"),
    path("login/code/", sign_in.login_code, name="login_code"),
    path("login/link/<str:token>/", sign_in.one_time_link, name="one_time_link"),
    path("logout/", LogoutView.as_view(next_page="login"), name="logout"),
    path("language/", set_language, name="set_language"),
    path("scope/", session.choose_scope, name="scope"),
    path("theme/", session.choose_theme, name="theme"),
    path("rise-colour/", session.choose_rise_colour, name="rise_colour"),
]
