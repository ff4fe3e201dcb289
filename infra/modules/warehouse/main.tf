# The ledger: a dataset with the tables and views that the files in bigquery/ define, all of them and nothing else. The
# table `logs` is locally one; here Cloud Logging fills it, and it is a view: see logs.tf.

locals {
  definitions = "${path.module}/../../../bigquery"

  tables = {
    for name in fileset("${local.definitions}/tables", "*.json") :
    trimsuffix(name, ".json") => jsondecode(file("${local.definitions}/tables/${name}"))
    if name != local.logs_file
  }
  views = {
    for name in fileset("${local.definitions}/views", "*.sql") :
    trimsuffix(name, ".sql") => templatefile("${local.definitions}/views/${name}", {
      project = var.project_id
      dataset = var.dataset_id
    })
  }
}

resource "google_bigquery_dataset" "ledger" {
  project                    = var.project_id
  dataset_id                 = var.dataset_id
  location                   = var.location
  description                = "The ledger of costs, and the settings."
  delete_contents_on_destroy = false
}

resource "google_bigquery_table" "table" {
  for_each = local.tables

  project                  = var.project_id
  dataset_id               = google_bigquery_dataset.ledger.dataset_id
  table_id                 = each.key
  description              = each.value.description
  schema                   = jsonencode(each.value.schema.fields)
  clustering               = try(each.value.clustering.fields, null)
  require_partition_filter = try(each.value.requirePartitionFilter, null)
  deletion_protection      = var.deletion_protection

  dynamic "time_partitioning" {
    for_each = try([each.value.timePartitioning], [])
    content {
      type  = time_partitioning.value.type
      field = time_partitioning.value.field
    }
  }
}

resource "google_bigquery_table" "view" {
  for_each = local.views

  project    = var.project_id
  dataset_id = google_bigquery_dataset.ledger.dataset_id
  table_id   = each.key
  # A view holds nothing that could be lost.
  deletion_protection = false

  view {
    query          = each.value
    use_legacy_sql = false
  }

  depends_on = [google_bigquery_table.table]
}
