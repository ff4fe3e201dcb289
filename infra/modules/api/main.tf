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
    COST_EVENTS_TOPIC    = var.topic
  }
  secret_env = {
    REDIS_URL           = var.redis_url
    API_KEY_PEPPER      = var.api_key_pepper
    BOOTSTRAP_ADMIN_KEY = var.bootstrap_admin_key
  }

  dataset_id = var.warehouse.dataset_id
  writable_tables = {
    setting_versions = var.warehouse.tables["setting_versions"]
  }
}

# Viewer, because publishing does not include asking whether the topic is there, as /readyz does.
resource "google_pubsub_topic_iam_member" "api" {
  for_each = toset(["roles/pubsub.publisher", "roles/pubsub.viewer"])

  project = var.deployment.project_id
  topic   = var.topic
  role    = each.value
  member  = module.api.member
}
