# The projection of the ledger, and the secret that says where it is and how to get in.

resource "google_redis_instance" "projection" {
  project            = var.project_id
  region             = var.region
  name               = "agentworks-projection"
  tier               = var.tier
  memory_size_gb     = var.memory_gb
  redis_version      = "REDIS_7_2"
  authorized_network = var.network
  auth_enabled       = true

  redis_configs = {
    # Evicting one key of a workspace would make its sums wrong; a refused write is only delivered again.
    "maxmemory-policy" = "noeviction"
  }
}

resource "google_secret_manager_secret" "url" {
  project   = var.project_id
  secret_id = "agentworks-redis-url"

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "url" {
  secret = google_secret_manager_secret.url.id
  secret_data = format(
    "redis://:%s@%s:%d",
    google_redis_instance.projection.auth_string,
    google_redis_instance.projection.host,
    google_redis_instance.projection.port,
  )

  lifecycle {
    # Instances that still run read the old one until they are replaced.
    create_before_destroy = true
  }
}
