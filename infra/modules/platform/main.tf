# One whole deployment, as each environment has it.

locals {
  deployment = merge(var.deployment, { environment = var.environment })
}

resource "google_project_service" "api" {
  for_each = toset([
    "bigquery", "cloudscheduler", "iam", "logging", "monitoring", "pubsub", "redis", "run", "secretmanager",
    "cloudtrace", "telemetry",
  ])

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

module "alerts" {
  source     = "../alerts"
  depends_on = [google_project_service.api]

  deployment            = local.deployment
  instances             = var.sizes.deliver
  redis_url             = module.redis.url
  warehouse             = module.warehouse
  smtp_url              = var.deployment.smtp_url
  mail_from             = var.deployment.mail_from
  channel_secrets       = var.deployment.channel_secrets
  notification_channels = var.deployment.notification_channels
}

module "budgets" {
  source     = "../budgets"
  depends_on = [google_project_service.api]

  deployment            = local.deployment
  instances             = var.sizes.check
  redis_url             = module.redis.url
  warehouse             = module.warehouse
  alerts_topic          = module.alerts.topic
  notification_channels = var.deployment.notification_channels
}

module "analysis" {
  source     = "../analysis"
  depends_on = [google_project_service.api]

  deployment           = local.deployment
  instances            = var.sizes.analysis
  redis_url            = module.redis.url
  warehouse            = module.warehouse
  alerts_topic         = module.alerts.topic
  operations_workspace = var.deployment.operations_workspace
}

module "cost_events" {
  source     = "../cost-events"
  depends_on = [google_project_service.api]

  deployment            = local.deployment
  instances             = var.sizes.ingest
  redis_url             = module.redis.url
  warehouse             = module.warehouse
  budget_checks_topic   = module.budgets.topic
  publishers            = var.deployment.publishers
  notification_channels = var.deployment.notification_channels
}

module "api" {
  source     = "../api"
  depends_on = [google_project_service.api]

  deployment = local.deployment
  instances  = var.sizes.api
  redis_url  = module.redis.url
  warehouse  = module.warehouse
  topics = {
    cost_events   = module.cost_events.topic
    budget_checks = module.budgets.topic
    alerts        = module.alerts.topic
  }
  api_key_pepper      = var.deployment.api_key_pepper
  bootstrap_admin_key = var.deployment.bootstrap_admin_key
  invokers            = var.deployment.api_invokers
}
