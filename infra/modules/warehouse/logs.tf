# What the services log, where SQL can read it: a log bucket with Log Analytics, a dataset linked to it, and beside the
# tables of the ledger the view `logs`, with the columns that bigquery/tables/logs.json gives the table of local mode.

locals {
  logs_file = "logs.json"
  logs      = jsondecode(file("${local.definitions}/tables/${local.logs_file}"))
  # Everything that runs on Cloud Run in the project: what one place keeps, the other need not.
  logs_filter  = "resource.type=\"cloud_run_revision\""
  logs_columns = join(", ", [for field in local.logs.schema.fields : field.name])
}

resource "google_logging_project_bucket_config" "logs" {
  project = var.project_id
  # Where the ledger is: no query reads from two places.
  location         = lower(var.location)
  bucket_id        = "agentworks-logs"
  description      = "What the services of AgentWorks Observability log."
  retention_days   = 30
  enable_analytics = true
}

resource "google_logging_project_sink" "logs" {
  project                = var.project_id
  name                   = "agentworks-logs"
  description            = "What the services on Cloud Run log, to where SQL can read it."
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.logs.id}"
  filter                 = local.logs_filter
  unique_writer_identity = true
}

# `_Default` would keep, and be paid for, the same entries again. Alerts on logs see an entry that any sink of the project routes
# to a bucket, so they see these as before; they may be left out there only because the sink above keeps them.
resource "google_logging_project_exclusion" "logs" {
  project     = var.project_id
  name        = "agentworks-logs"
  description = "What the sink agentworks-logs keeps is not kept twice."
  filter      = local.logs_filter

  depends_on = [google_logging_project_sink.logs]
}

resource "google_logging_linked_dataset" "logs" {
  link_id     = "agentworks_logs"
  bucket      = google_logging_project_bucket_config.logs.id
  description = "The log bucket agentworks-logs, as BigQuery reads it."
}

resource "google_bigquery_table" "logs" {
  project     = var.project_id
  dataset_id  = google_bigquery_dataset.ledger.dataset_id
  table_id    = "logs"
  description = local.logs.description
  # A view holds nothing that could be lost.
  deletion_protection = false

  view {
    query          = "SELECT ${local.logs_columns} FROM `${var.project_id}.${google_logging_linked_dataset.logs.link_id}._AllLogs`"
    use_legacy_sql = false
  }
}

# The view reads the log bucket by itself, so that whoever may read the ledger's dataset may read it, and needs no right to
# the bucket's dataset.
resource "google_bigquery_dataset_access" "logs" {
  project    = var.project_id
  dataset_id = google_logging_linked_dataset.logs.link_id

  view {
    project_id = var.project_id
    dataset_id = google_bigquery_table.logs.dataset_id
    table_id   = google_bigquery_table.logs.table_id
  }
}
