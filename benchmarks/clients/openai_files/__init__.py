"""client.files"""
