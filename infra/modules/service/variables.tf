variable "deployment" {
  description = "Project, region, image, and the network and subnet through which Redis is reached."
  type = object({
    project_id = string, region = string, image = string, network = string, subnetwork = string
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

variable "dataset_id" {
  description = "The dataset to read and query."
  type        = string
}

variable "writable_tables" {
  description = "Ids of the tables to write to, by their names."
  type        = map(string)
}

variable "invokers" {
  description = "Who may call it: members, by a name for each."
  type        = map(string)
}
