"""Addresses of the import pages."""

from django.urls import path

from huitou.ingest.views import batches, mapping, quarantine

urlpatterns = [
    path("imports/", batches.imports, name="imports"),
    path("imports/<int:batch_id>/", batches.batch_page, name="import_batch"),
    path("imports/<int:batch_id>/row/", batches.batch_row, name="import_row"),
    path("imports/<int:batch_id>/undo/", batches.undo, name="import_undo"),
    path("imports/<int:batch_id>/retry/", batches.retry, name="import_retry"),
    path("imports/mapping/<str:token>/", mapping.mapping_page, name="mapping"),
    path("imports/mapping/<str:token>/preview/", mapping.preview, name="mapping_preview"),
    path("imports/mapping/<str:token>/mapping.yaml", mapping.download, name="mapping_download"),
    path("imports/<int:batch_id>/quarantine/", quarantine.batch_rows, name="quarantine"),
    path(
        "imports/<int:batch_id>/quarantine/rows.csv",
        quarantine.download,
        name="quarantine_download",
    ),
    path("imports/<int:batch_id>/quarantine/upload/", quarantine.upload, name="quarantine_upload"),
    path("imports/<int:batch_id>/quarantine/<int:row_no>/", quarantine.row, name="quarantine_row"),
    path("quarantine/", quarantine.all_rows, name="quarantine_all"),
]
