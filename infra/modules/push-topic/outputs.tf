output "topic" {
  value = google_pubsub_topic.topic.name
}

output "push_account" {
  description = "Whom the function must let in: its e-mail address, and the account as IAM names it."
  value = {
    email  = google_service_account.push.email
    member = google_service_account.push.member
  }
}
