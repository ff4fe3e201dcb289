variable "deployment" {
  description = "Project, region, image, and the network and subnet through which Redis is reached."
  type = object({
    project_id = string, region = string, image = string, network = string, subnetwork = string, environment = string
  })
}

variable "name" { type = string }
variable "command" { type = list(string) }
variable "ingress" { type = string }

variable "instances" {
  description = "How many instances run at the least and at the most."
  type        = object({ min = number, max = number })
}

variable "env" {
  description = "Environment variables, by name."
  type        = map(string)
}

variable "secret_env" {
  description = "Secrets of the same project, by the environment variable they are read from; null leaves it unset."
  type        = map(object({ secret = string, version = string }))
}

variable "timeout_seconds" {
  description = "How long a request may take, at the least as long as Pub/Sub waits for an answer."
  type        = number
  default     = 60
}

variable "works_between_requests" {
  description = "Whether it needs its processor also when it answers nothing; billed for as long as an instance lives."
  type        = bool
  default     = false
}

variable "dataset_id" {
  description = "The dataset to query."
  type        = string
}

variable "readable_tables" {
  description = "Ids of the only tables to read besides those it writes to, by their names; null: the whole dataset."
  type        = map(string)
  default     = null
}

variable "writable_tables" {
  description = "Ids of the tables to write to, and to read, by their names."
  type        = map(string)
}

variable "publishes_to" {
  description = "Names of the topics to publish to, by a name for each."
  type        = map(string)
  default     = {}
}

variable "invokers" {
  description = "Who may call it: members, by a name for each."
  type        = map(string)
}
