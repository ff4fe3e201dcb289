# What reads the ledger and the logs on a schedule and raises what a person should look at.

locals {
  # All workspaces in one pass, two days of missed hours included.
  longest_run_seconds = 900
}

# Whom Cloud Scheduler calls as: may call these functions and nothing else.
resource "google_service_account" "schedule" {
  project      = var.deployment.project_id
  account_id   = "schedule-analysis"
  display_name = "Schedule of the analysis"
}

module "anomalies" {
  source = "../service"

  deployment      = var.deployment
  name            = "detect-anomalies"
  command         = ["node", "functions/detect-anomalies.ts"]
  ingress         = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invokers        = { schedule = google_service_account.schedule.member }
  instances       = var.instances
  timeout_seconds = local.longest_run_seconds

  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
    ALERTS_TOPIC         = var.alerts_topic
    OPERATIONS_WORKSPACE = var.operations_workspace
  }
  secret_env = {
    REDIS_URL = var.redis_url
  }

  dataset_id = var.warehouse.dataset_id
  writable_tables = {
    alert_events  = var.warehouse.tables["alert_events"]
    analysis_runs = var.warehouse.tables["analysis_runs"]
    findings      = var.warehouse.tables["findings"]
  }
  publishes_to = {
    alerts = var.alerts_topic
  }
}

module "anomalies_schedule" {
  source = "../schedule"

  deployment               = var.deployment
  name                     = "detect-anomalies"
  schedule                 = "7 * * * *"
  url                      = module.anomalies.url
  account_email            = google_service_account.schedule.email
  attempt_deadline_seconds = local.longest_run_seconds
  retries                  = 3
}

# By the same function: what it reads and raises is the same.
module "weekly_insights_schedule" {
  source = "../schedule"

  deployment               = var.deployment
  name                     = "weekly-insights"
  schedule                 = "37 6 * * 1"
  url                      = module.anomalies.url
  account_email            = google_service_account.schedule.email
  attempt_deadline_seconds = local.longest_run_seconds
  retries                  = 3
}

module "error_patterns" {
  source = "../service"

  deployment      = var.deployment
  name            = "detect-error-patterns"
  command         = ["node", "functions/detect-error-patterns.ts"]
  ingress         = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invokers        = { schedule = google_service_account.schedule.member }
  instances       = var.instances
  timeout_seconds = local.longest_run_seconds

  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
    ALERTS_TOPIC         = var.alerts_topic
    OPERATIONS_WORKSPACE = var.operations_workspace
  }
  secret_env = {
    REDIS_URL = var.redis_url
  }

  dataset_id = var.warehouse.dataset_id
  writable_tables = {
    alert_events  = var.warehouse.tables["alert_events"]
    analysis_runs = var.warehouse.tables["analysis_runs"]
    findings      = var.warehouse.tables["findings"]
  }
  publishes_to = {
    alerts = var.alerts_topic
  }
}

module "error_patterns_schedule" {
  source = "../schedule"

  deployment               = var.deployment
  name                     = "detect-error-patterns"
  schedule                 = "12 * * * *"
  url                      = module.error_patterns.url
  account_email            = google_service_account.schedule.email
  attempt_deadline_seconds = local.longest_run_seconds
  retries                  = 3
}

module "business_metrics" {
  source = "../service"

  deployment      = var.deployment
  name            = "publish-business-metrics"
  command         = ["node", "functions/publish-business-metrics.ts"]
  ingress         = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invokers        = { schedule = google_service_account.schedule.member }
  instances       = var.instances
  timeout_seconds = local.longest_run_seconds

  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
  }
  secret_env = {
    REDIS_URL = var.redis_url
  }

  dataset_id = var.warehouse.dataset_id
  writable_tables = {
    analysis_runs = var.warehouse.tables["analysis_runs"]
  }
}

module "business_metrics_schedule" {
  source = "../schedule"

  deployment               = var.deployment
  name                     = "publish-business-metrics"
  schedule                 = "17 * * * *"
  url                      = module.business_metrics.url
  account_email            = google_service_account.schedule.email
  attempt_deadline_seconds = local.longest_run_seconds
  retries                  = 3
}
