"""Readers of brokers and result backends, kept between reconciles and shared by CeleryDeployments."""
