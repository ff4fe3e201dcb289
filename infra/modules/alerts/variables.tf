variable "deployment" {
  type = object({
    project_id = string, project_number = string, region = string, image = string, network = string, subnetwork = string, environment = string
  })
}

variable "instances" { type = object({ min = number, max = number }) }
variable "redis_url" { type = object({ secret = string, version = string }) }
variable "warehouse" { type = object({ dataset_id = string, tables = map(string) }) }

variable "smtp_url" {
  description = "The secret that says where mail is handed in: smtps://user:password@host:465."
  type        = object({ secret = string, version = string })
}

variable "mail_from" {
  description = "The sender of every mail."
  type        = string
}

variable "channel_secrets" {
  description = "Ids of the secrets that channels refer to, channel-<workspace>__<name>; docs/deploy.md says how they are named."
  type        = set(string)

  validation {
    condition = alltrue([
      for id in var.channel_secrets :
      can(regex("^channel-([A-Za-z0-9-]|_[0-9a-f]{2})+__[A-Za-z][A-Za-z0-9_]{0,63}$", id))
    ])
    error_message = "A channel's secret is named channel-<workspace>__<name>; no other may be read by those who set channels."
  }
}

variable "notification_channels" {
  description = "Who is told of dead letters and parked deliveries: names of channels of Cloud Monitoring."
  type        = list(string)
}
