# One whole deployment, as each environment has it.

resource "google_project_service" "api" {
  for_each = toset(["bigquery", "iam", "pubsub", "redis", "run", "secretmanager"])

  project            = var.deployment.project_id
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

module "warehouse" {
  source     = "../warehouse"
  depends_on = [google_project_service.api]

  project_id          = var.deployment.project_id
  dataset_id          = "agentworks_observability"
  location            = var.deployment.bigquery_location
  deletion_protection = var.deletion_protection
}

module "redis" {
  source     = "../redis"
  depends_on = [google_project_service.api]

  project_id = var.deployment.project_id
  region     = var.deployment.region
  network    = var.deployment.network
  tier       = var.sizes.redis.tier
  memory_gb  = var.sizes.redis.memory_gb
}

module "cost_events" {
  source     = "../cost-events"
  depends_on = [google_project_service.api]

  deployment = var.deployment
  instances  = var.sizes.ingest
  redis_url  = module.redis.url
  warehouse  = module.warehouse
  publishers = var.deployment.publishers
}

module "api" {
  source     = "../api"
  depends_on = [google_project_service.api]

  deployment          = var.deployment
  instances           = var.sizes.api
  redis_url           = module.redis.url
  warehouse           = module.warehouse
  topic               = module.cost_events.topic
  api_key_pepper      = var.deployment.api_key_pepper
  bootstrap_admin_key = var.deployment.bootstrap_admin_key
  invokers            = var.deployment.api_invokers
}
