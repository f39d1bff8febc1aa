"""client.fine_tuning"""
