variable "deployment" {
  description = "What differs from project to project; docs/deploy.md says what each part is."
  type = object({
    project_id            = string
    project_number        = string
    region                = string
    bigquery_location     = string
    network               = string
    subnetwork            = string
    image                 = string
    api_key_pepper        = object({ secret = string, version = optional(string, "1") })
    bootstrap_admin_key   = optional(object({ secret = string, version = optional(string, "1") }))
    smtp_url              = object({ secret = string, version = optional(string, "1") })
    mail_from             = string
    operations_workspace  = optional(string, "operations")
    channel_secrets       = optional(set(string), [])
    notification_channels = optional(list(string), [])
    publishers            = optional(set(string), [])
    api_invokers          = optional(set(string), ["allUsers"])
  })

  validation {
    condition     = can(regex("(:[0-9a-f]{40}|@sha256:[0-9a-f]{64})$", var.deployment.image))
    error_message = "Name the image by its commit or digest: a tag that moves would never be deployed again."
  }
}

variable "sizes" {
  type = object({
    redis    = object({ tier = string, memory_gb = number })
    ingest   = object({ min = number, max = number })
    check    = object({ min = number, max = number })
    deliver  = object({ min = number, max = number })
    analysis = object({ min = number, max = number })
    api      = object({ min = number, max = number })
  })
}

variable "deletion_protection" { type = bool }

variable "environment" {
  description = "What the deployment is called in metrics, traces and logs."
  type        = string
}
