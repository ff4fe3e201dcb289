output "url" {
  value = module.api.url
}
