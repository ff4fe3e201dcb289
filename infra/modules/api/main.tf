# The HTTP API.

module "api" {
  source = "../service"

  deployment = var.deployment
  name       = "api"
  command    = ["node", "services/api/main.ts"]
  ingress    = "INGRESS_TRAFFIC_ALL"
  # The service asks every caller for an API key; Google lets in whom this names, as a rule everybody.
  invokers  = { for member in var.invokers : member => member }
  instances = var.instances

  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
    COST_EVENTS_TOPIC    = var.topics.cost_events
    BUDGET_CHECKS_TOPIC  = var.topics.budget_checks
    ALERTS_TOPIC         = var.topics.alerts
    SCHEDULER_LOCATION   = var.deployment.region
  }
  secret_env = {
    REDIS_URL           = var.redis_url
    API_KEY_PEPPER      = var.api_key_pepper
    BOOTSTRAP_ADMIN_KEY = var.bootstrap_admin_key
  }

  dataset_id = var.warehouse.dataset_id
  # alert_events, because a channel is tested by an alert of its own.
  writable_tables = {
    alert_events     = var.warehouse.tables["alert_events"]
    setting_versions = var.warehouse.tables["setting_versions"]
  }
  publishes_to = var.topics
}

# Publishing does not include asking whether the topic is there, as /readyz does.
resource "google_pubsub_topic_iam_member" "sees" {
  project = var.deployment.project_id
  topic   = var.topics.cost_events
  role    = "roles/pubsub.viewer"
  member  = module.api.member
}

# To run a job does not include to look at it. Both are rights on the project: jobs have none of their own.
resource "google_project_iam_member" "jobs" {
  for_each = toset(["roles/cloudscheduler.jobRunner", "roles/cloudscheduler.viewer"])

  project = var.deployment.project_id
  role    = each.value
  member  = module.api.member
}
