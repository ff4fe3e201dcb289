variable "deployment" {
  type = object({
    project_id = string, region = string, image = string, network = string, subnetwork = string, environment = string
  })
}

variable "instances" { type = object({ min = number, max = number }) }
variable "redis_url" { type = object({ secret = string, version = string }) }
variable "warehouse" { type = object({ dataset_id = string, tables = map(string) }) }

variable "alerts_topic" {
  description = "Name of the topic for alerts, in the same project."
  type        = string
}

variable "operations_workspace" {
  description = "The workspace in which findings about the platform itself are raised; operators set its channels."
  type        = string
}
