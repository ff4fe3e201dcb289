output "url" {
  description = "The secret that holds REDIS_URL, and its version in force."
  value = {
    secret  = google_secret_manager_secret.url.secret_id
    version = google_secret_manager_secret_version.url.version
  }
}
