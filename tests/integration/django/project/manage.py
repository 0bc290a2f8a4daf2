"""The manage.py that Django's startproject writes, without its explanations."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop_site.settings")
execute_from_command_line(sys.argv)
