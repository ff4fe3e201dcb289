variable "deployment" {
  type = object({
    project_id = string, project_number = string, region = string, image = string, network = string, subnetwork = string, environment = string
  })
}

variable "instances" { type = object({ min = number, max = number }) }
variable "redis_url" { type = object({ secret = string, version = string }) }
variable "warehouse" { type = object({ dataset_id = string, tables = map(string) }) }

variable "publishers" {
  description = "Members that publish cost events themselves, e.g. serviceAccount:agents@p.iam.gserviceaccount.com."
  type        = set(string)
}

variable "budget_checks_topic" {
  description = "Name of the topic for budgets to check, in the same project."
  type        = string
}

variable "notification_channels" {
  description = "Who is told of dead letters: names of channels of Cloud Monitoring."
  type        = list(string)
}
