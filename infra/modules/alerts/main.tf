# The way of an alert from the topic to the channels, and the schedule that delivers what was left over.

locals {
  longest_run_seconds = 300
}

module "topic" {
  source = "../push-topic"

  deployment            = var.deployment
  name                  = "alerts"
  subscription          = "alerts-deliver"
  url                   = module.deliver.url
  notification_channels = var.notification_channels
}

module "schedule" {
  source = "../schedule"

  deployment               = var.deployment
  name                     = "deliver-alerts"
  schedule                 = "* * * * *"
  url                      = module.deliver.url
  account_email            = module.topic.push_account.email
  attempt_deadline_seconds = local.longest_run_seconds
  # The next run comes within a minute anyhow.
  retries = 1
}

module "deliver" {
  source = "../service"

  deployment = var.deployment
  name       = "deliver-alerts"
  command    = ["node", "functions/deliver-alerts.ts"]
  # Pushes and scheduled calls of the same project are internal traffic.
  ingress   = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invokers  = { push = module.topic.push_account.member }
  instances = var.instances
  # What could not be sent is tried again by the process itself, between requests; where none lives, by the schedule.
  works_between_requests = true
  # Longer than Pub/Sub waits: an attempt that is cut off between send and record may be sent twice.
  timeout_seconds = local.longest_run_seconds

  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
    MAIL_FROM            = var.mail_from
  }
  secret_env = {
    REDIS_URL = var.redis_url
    SMTP_URL  = var.smtp_url
  }

  dataset_id = var.warehouse.dataset_id
  # It talks to addresses that tenants choose, and needs none of their costs.
  readable_tables = {
    setting_versions = var.warehouse.tables["setting_versions"]
  }
  writable_tables = {
    alert_events = var.warehouse.tables["alert_events"]
  }
}

# One by one: a name that a tenant chose must never lead to the secrets of the services themselves.
resource "google_secret_manager_secret_iam_member" "channel" {
  for_each = var.channel_secrets

  project   = var.deployment.project_id
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = module.deliver.member
}

# A parked delivery is acknowledged: neither Pub/Sub nor the schedule will speak of it again.
resource "google_monitoring_alert_policy" "parked" {
  project               = var.deployment.project_id
  display_name          = "Parked deliveries of alerts"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "deliver-alerts parked a delivery"

    condition_matched_log {
      filter = join(" AND ", [
        "resource.type = \"cloud_run_revision\"",
        "resource.labels.service_name = \"deliver-alerts\"",
        "jsonPayload.message = \"delivery parked\"",
      ])
    }
  }

  alert_strategy {
    auto_close = "86400s"
    # Required of conditions on logs; a channel that is gone parks everything sent to it.
    notification_rate_limit { period = "3600s" }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "An alert did not reach a channel and will not be tried again. What to do: docs/deploy.md, \"Alerts that were not delivered\"."
  }
}
