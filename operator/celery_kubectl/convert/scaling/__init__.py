"""What scales and protects a Deployment: KEDA, HorizontalPodAutoscalers, PodDisruptionBudgets."""
