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
}
