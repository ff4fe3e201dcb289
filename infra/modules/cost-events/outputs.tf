output "topic" {
  value = google_pubsub_topic.cost_events.name
}
