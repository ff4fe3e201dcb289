# A topic whose messages are pushed to one function, and what becomes of a message that fails for good.

locals {
  pubsub_agent = "serviceAccount:service-${var.deployment.project_number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic" "topic" {
  project = var.deployment.project_id
  name    = var.name
}

resource "google_pubsub_subscription" "push" {
  project = var.deployment.project_id
  name    = var.subscription
  topic   = google_pubsub_topic.topic.id

  ack_deadline_seconds       = 60
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = var.url
    oidc_token {
      service_account_email = google_service_account.push.email
      audience              = var.url
    }
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic = google_pubsub_topic.dead_letter.id
    # The most there may be: what can never succeed is not asked for again, so what keeps failing is an outage, and a
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
  name    = "${var.name}-dead-letter"
}

# A topic without a subscription forgets what it is sent.
resource "google_pubsub_subscription" "dead_letter" {
  project = var.deployment.project_id
  name    = "${var.name}-dead-letter"
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
  subscription = google_pubsub_subscription.push.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# Whom Pub/Sub pushes as: may call the function and nothing else.
resource "google_service_account" "push" {
  project      = var.deployment.project_id
  account_id   = "push-${var.name}"
  display_name = "Pushes of ${var.name}"
}

resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

resource "google_monitoring_alert_policy" "dead_letter" {
  project               = var.deployment.project_id
  display_name          = "Dead letters of ${var.name}"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "There is a message in ${google_pubsub_subscription.dead_letter.name}"

    condition_threshold {
      filter = join(" AND ", [
        "resource.type = \"pubsub_subscription\"",
        "resource.labels.subscription_id = \"${google_pubsub_subscription.dead_letter.name}\"",
        "metric.type = \"pubsub.googleapis.com/subscription/num_undelivered_messages\"",
      ])
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "`${var.subscription}` gave a message up. What to do: docs/deploy.md, \"What ended among the dead letters\"."
  }
}
