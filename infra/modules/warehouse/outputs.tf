output "dataset_id" {
  value = google_bigquery_dataset.ledger.dataset_id
}

output "tables" {
  description = "Id of each table, by its name; asking for one that is not defined fails the plan."
  value       = { for name, table in google_bigquery_table.table : name => table.table_id }
}
