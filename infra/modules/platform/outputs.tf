output "api_url" {
  value = module.api.url
}

output "topic" {
  value = module.cost_events.topic
}
