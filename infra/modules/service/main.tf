# One of our processes on Cloud Run, with an account of its own and what that may do: query the dataset or some of its
# tables, write to the tables and publish to the topics it is given, read its secrets.
#
# PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT stay unset where Pub/Sub and Cloud Scheduler call: Cloud Run itself lets in the
# accounts that may, and may take the signature off the token it hands on, so that checking it once more could refuse
# every call.

locals {
  # What telemetry is told; the rest it knows from Cloud Run and the defaults (src/core/telemetry-config.ts).
  telemetry_env = {
    DEPLOYMENT_ENVIRONMENT = var.deployment.environment
    GOOGLE_CLOUD_REGION    = var.deployment.region
    CPU_THROTTLED          = var.works_between_requests ? "no" : "yes"
  }
  secret_env = { for name, value in var.secret_env : name => value if value != null }
}

resource "google_cloud_run_v2_service" "service" {
  project  = var.deployment.project_id
  location = var.deployment.region
  name     = var.name
  ingress  = var.ingress
  # It holds nothing that could be lost.
  deletion_protection = false

  template {
    service_account                  = google_service_account.service.email
    timeout                          = "${var.timeout_seconds}s"
    max_instance_request_concurrency = 80

    scaling {
      min_instance_count = var.instances.min
      max_instance_count = var.instances.max
    }

    vpc_access {
      egress = "PRIVATE_RANGES_ONLY"
      network_interfaces {
        network    = var.deployment.network
        subnetwork = var.deployment.subnetwork
      }
    }

    containers {
      image   = var.deployment.image
      command = var.command

      resources {
        limits            = { cpu = "1", memory = "1Gi" }
        cpu_idle          = !var.works_between_requests
        startup_cpu_boost = true
      }

      startup_probe {
        period_seconds    = 2
        timeout_seconds   = 2
        failure_threshold = 30
        http_get { path = "/healthz" }
      }

      dynamic "env" {
        for_each = merge(local.telemetry_env, var.env)
        content {
          name  = env.key
          value = env.value
        }
      }

      dynamic "env" {
        for_each = local.secret_env
        content {
          name = env.key
          value_source {
            secret_key_ref {
              secret  = env.value.secret
              version = env.value.version
            }
          }
        }
      }
    }
  }

  depends_on = [google_secret_manager_secret_iam_member.reads]
}

resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = var.invokers

  project  = var.deployment.project_id
  location = var.deployment.region
  name     = google_cloud_run_v2_service.service.name
  role     = "roles/run.invoker"
  member   = each.value
}

resource "google_service_account" "service" {
  project      = var.deployment.project_id
  account_id   = "run-${var.name}"
  display_name = "Cloud Run: ${var.name}"
}

resource "google_project_iam_member" "queries" {
  project = var.deployment.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.service.member
}

# Its own metrics and spans.
resource "google_project_iam_member" "telemetry" {
  for_each = toset(["roles/monitoring.metricWriter", "roles/telemetry.tracesWriter"])

  project = var.deployment.project_id
  role    = each.value
  member  = google_service_account.service.member
}

resource "google_bigquery_dataset_iam_member" "reads" {
  count = var.readable_tables == null ? 1 : 0

  project    = var.deployment.project_id
  dataset_id = var.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.service.member
}

resource "google_bigquery_table_iam_member" "reads" {
  for_each = coalesce(var.readable_tables, {})

  project    = var.deployment.project_id
  dataset_id = var.dataset_id
  table_id   = each.value
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.service.member
}

resource "google_bigquery_table_iam_member" "writes" {
  for_each = var.writable_tables

  project    = var.deployment.project_id
  dataset_id = var.dataset_id
  table_id   = each.value
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.service.member
}

resource "google_secret_manager_secret_iam_member" "reads" {
  for_each = local.secret_env

  project   = var.deployment.project_id
  secret_id = each.value.secret
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.service.member
}

resource "google_pubsub_topic_iam_member" "publishes" {
  for_each = var.publishes_to

  project = var.deployment.project_id
  topic   = each.value
  role    = "roles/pubsub.publisher"
  member  = google_service_account.service.member
}
