variable "deployment" {
  type = object({
    project_id = string, region = string, image = string, network = string, subnetwork = string, environment = string
  })
}

variable "instances" { type = object({ min = number, max = number }) }
variable "redis_url" { type = object({ secret = string, version = string }) }
variable "warehouse" { type = object({ dataset_id = string, tables = map(string) }) }

variable "topics" {
  description = "Names of the topics to publish to, in the same project."
  type        = object({ cost_events = string, budget_checks = string, alerts = string })
}

variable "api_key_pepper" { type = object({ secret = string, version = string }) }
variable "bootstrap_admin_key" { type = object({ secret = string, version = string }) }
variable "invokers" { type = set(string) }
