# The check of budgets: at once when spend crossed a threshold, and on a schedule for what that missed.

locals {
  # Every budget of every workspace, and no longer than until the next one.
  longest_run_seconds = 300
}

module "topic" {
  source = "../push-topic"

  deployment            = var.deployment
  name                  = "budget-checks"
  subscription          = "budget-checks-check"
  url                   = module.check.url
  notification_channels = var.notification_channels
}

module "schedule" {
  source = "../schedule"

  deployment               = var.deployment
  name                     = "check-budgets"
  schedule                 = "*/5 * * * *"
  url                      = module.check.url
  account_email            = module.topic.push_account.email
  attempt_deadline_seconds = local.longest_run_seconds
  retries                  = 3
}

module "check" {
  source = "../service"

  deployment = var.deployment
  name       = "check-budgets"
  command    = ["node", "functions/check-budgets.ts"]
  # Pushes and scheduled calls of the same project are internal traffic.
  ingress         = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invokers        = { push = module.topic.push_account.member }
  instances       = var.instances
  timeout_seconds = local.longest_run_seconds

  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
    ALERTS_TOPIC         = var.alerts_topic
  }
  secret_env = {
    REDIS_URL = var.redis_url
  }

  dataset_id = var.warehouse.dataset_id
  writable_tables = {
    alert_events = var.warehouse.tables["alert_events"]
  }
  publishes_to = {
    alerts = var.alerts_topic
  }
}
