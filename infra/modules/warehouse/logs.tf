# What the services log, where SQL can read it: a log bucket with Log Analytics, a dataset linked to it, and beside the
# tables of the ledger the view `logs`, with the columns that bigquery/tables/logs.json gives the table of local mode.

locals {
  logs_file    = "logs.json"
  logs         = jsondecode(file("${local.definitions}/tables/${local.logs_file}"))
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
  filter                 = "resource.type=\"cloud_run_revision\""
  unique_writer_identity = true
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
