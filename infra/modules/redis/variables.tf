variable "project_id" { type = string }
variable "region" { type = string }
variable "memory_gb" { type = number }

variable "network" {
  description = "projects/P/global/networks/N: the network the services reach Redis through."
  type        = string
}

variable "tier" {
  description = "BASIC: one node, empty after a failure and rebuilt from the ledger. STANDARD_HA: with a replica."
  type        = string
}
