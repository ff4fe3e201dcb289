variable "project_id" { type = string }
variable "dataset_id" { type = string }

variable "location" {
  description = "Where BigQuery keeps the data, e.g. EU or europe-west1. Cannot be changed later."
  type        = string
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete or replace a table."
  type        = bool
}
