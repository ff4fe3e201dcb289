module "platform" {
  source = "../../modules/platform"

  deployment  = var.deployment
  environment = "prod"
  sizes = {
    redis    = { tier = "STANDARD_HA", memory_gb = 5 }
    ingest   = { min = 1, max = 20 }
    check    = { min = 1, max = 10 }
    deliver  = { min = 1, max = 10 }
    analysis = { min = 0, max = 2 }
    api      = { min = 1, max = 20 }
  }
  deletion_protection = true
}

output "platform" {
  value = module.platform
}
