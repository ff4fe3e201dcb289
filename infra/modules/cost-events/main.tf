# The way of a cost event from the topic to the ingest function.

module "topic" {
  source = "../push-topic"

  deployment            = var.deployment
  name                  = "cost-events"
  subscription          = "cost-events-ingest"
  url                   = module.ingest.url
  notification_channels = var.notification_channels
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.publishers

  project = var.deployment.project_id
  topic   = module.topic.topic
  role    = "roles/pubsub.publisher"
  member  = each.value
}

module "ingest" {
  source = "../service"

  deployment = var.deployment
  name       = "ingest-cost-events"
  command    = ["node", "functions/ingest-cost-events.ts"]
  # Pushes of the same project are internal traffic.
  ingress   = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invokers  = { push = module.topic.push_account.member }
  instances = var.instances

  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
    BUDGET_CHECKS_TOPIC  = var.budget_checks_topic
  }
  secret_env = {
    REDIS_URL = var.redis_url
  }

  dataset_id = var.warehouse.dataset_id
  # Not the whole dataset: who can write setting_versions can make API keys.
  writable_tables = {
    cost_events            = var.warehouse.tables["cost_events"]
    cost_events_quarantine = var.warehouse.tables["cost_events_quarantine"]
  }
  publishes_to = {
    budget_checks = var.budget_checks_topic
  }
}
