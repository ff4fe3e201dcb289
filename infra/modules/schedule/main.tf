# A job that calls a function at set times, with {"job": <its name>} as the body.

resource "google_cloud_scheduler_job" "job" {
  project  = var.deployment.project_id
  region   = var.deployment.region
  name     = var.name
  schedule = var.schedule
  # In zones with summer time an hour comes twice or not at all.
  time_zone        = "Etc/UTC"
  attempt_deadline = "${var.attempt_deadline_seconds}s"

  retry_config {
    retry_count          = var.retries
    min_backoff_duration = "5s"
    max_backoff_duration = "60s"
    max_doublings        = 4
  }

  http_target {
    http_method = "POST"
    uri         = var.url
    # Otherwise it is sent as octets, which the function does not read as JSON.
    headers = { "Content-Type" = "application/json" }
    body    = base64encode(jsonencode({ job = var.name }))

    oidc_token {
      service_account_email = var.account_email
      audience              = var.url
    }
  }
}
