module "platform" {
  source = "../../modules/platform"

  deployment  = var.deployment
  environment = "staging"
  sizes = {
    redis    = { tier = "BASIC", memory_gb = 1 }
    ingest   = { min = 0, max = 5 }
    check    = { min = 0, max = 5 }
    deliver  = { min = 0, max = 5 }
    analysis = { min = 0, max = 2 }
    api      = { min = 0, max = 5 }
  }
  deletion_protection = true
}

output "platform" {
  value = module.platform
}
