# The way of a cost event from the topic to the ingest function, and what becomes of it when that fails for good.

locals {
  pubsub_agent = "serviceAccount:service-${var.deployment.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic" "cost_events" {
  project = var.deployment.project_id
  name    = "cost-events"
}

resource "google_pubsub_topic_iam_member" "publisher" {
  for_each = var.publishers

  project = var.deployment.project_id
  topic   = google_pubsub_topic.cost_events.name
  role    = "roles/pubsub.publisher"
  member  = each.value
}

resource "google_pubsub_subscription" "ingest" {
  project = var.deployment.project_id
  name    = "cost-events-ingest"
  topic   = google_pubsub_topic.cost_events.id

  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = module.ingest.url
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = module.ingest.url
    }
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic = google_pubsub_topic.dead_letter.id
    # The most there may be: what is malformed goes to quarantine at once, so what keeps failing is an outage, and a
    # hundred attempts outlast one of an hour and a half. Local mode gives up after 20, to be done while one watches.
    max_delivery_attempts = 100
  }

  expiration_policy {
    # Never; otherwise Pub/Sub deletes a subscription that nobody used for 31 days.
    ttl = ""
  }
}

resource "google_pubsub_topic" "dead_letter" {
  project = var.deployment.project_id
  name    = "cost-events-dead-letter"
}

# A topic without a subscription forgets what it is sent.
resource "google_pubsub_subscription" "dead_letter" {
  project = var.deployment.project_id
  name    = "cost-events-dead-letter"
  topic   = google_pubsub_topic.dead_letter.id

  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s"

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub moves dead letters as its own agent, which may neither publish nor acknowledge unless told so.
resource "google_pubsub_topic_iam_member" "dead_letter" {
  project = var.deployment.project_id
  topic   = google_pubsub_topic.dead_letter.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  project      = var.deployment.project_id
  subscription = google_pubsub_subscription.ingest.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# Whom Pub/Sub pushes as: may call the function and nothing else.
resource "google_service_account" "push" {
  project      = var.deployment.project_id
  account_id   = "push-cost-events"
  display_name = "Pushes of cost events"
}

resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

module "ingest" {
  source = "../service"

  deployment = var.deployment
  name       = "ingest-cost-events"
  command    = ["node", "functions/ingest-cost-events.ts"]
  # Pushes of the same project are internal traffic.
  ingress   = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  invokers  = { push = google_service_account.push.member }
  instances = var.instances

  # PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT stay unset: Cloud Run itself lets in the push account only, and may take the
  # signature off the token it hands on, so that checking it once more could refuse every push.
  env = {
    GOOGLE_CLOUD_PROJECT = var.deployment.project_id
    BIGQUERY_DATASET     = var.warehouse.dataset_id
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
}
