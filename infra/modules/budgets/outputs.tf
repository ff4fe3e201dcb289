output "topic" {
  value = module.topic.topic
}
