/**
 * The monitored resources that custom metrics may be written to, with their labels beside `project_id`. Others
 * (`cloud_run_revision`, `cloud_function`, …) exist but are for Google's own metrics.
 */
export const WRITABLE_RESOURCES: Readonly<Record<string, readonly string[]>> = {
  global: [],
  generic_node: ['location', 'namespace', 'node_id'],
  generic_task: ['location', 'namespace', 'job', 'task_id'],
  gce_instance: ['instance_id', 'zone'],
  gae_instance: ['module_id', 'version_id', 'instance_id', 'location'],
  aws_ec2_instance: ['instance_id', 'region', 'aws_account'],
  dataflow_job: ['job_name', 'region'],
  gke_container: [
    'cluster_name',
    'namespace_id',
    'instance_id',
    'pod_id',
    'container_name',
    'zone',
  ],
  k8s_cluster: ['location', 'cluster_name'],
  k8s_node: ['location', 'cluster_name', 'node_name'],
  k8s_pod: ['location', 'cluster_name', 'namespace_name', 'pod_name'],
  k8s_container: ['location', 'cluster_name', 'namespace_name', 'pod_name', 'container_name'],
};
