output "url" {
  value = google_cloud_run_v2_service.service.uri
}

output "member" {
  description = "Its account, as IAM names it."
  value       = google_service_account.service.member
}
