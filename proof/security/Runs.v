(** * The machine runs: concrete runs from boot, for every secret

    KServ makes a protected VM, gives it an image and enters it; the VM draws a random word, keeps
    it in its memory and waits; KServ runs it again; it shares the page; KServ lends a page of its
    own there; the VM reads and writes it and switches itself off; KServ destroys the VM and has
    all pages back. *)
From Coq Require Import ZArith List Bool.
From Redoubt.security Require Export Script Meaning.
Import ListNotations.
Open Scope Z_scope.
Set Default Goal Selector "!".

Definition host : list (Z -> act) := setup ++ map (fun c _ => Call c)
  [Flush 1; Vcpu_run; Flush 1; Lend 1 1 15 1 7; Vcpu_run; Flush 1; Vcpu_put; Teardown 1;
   Reclaim 1 8; Unlend 1 0 512; Reclaim 1 7; Reclaim 1 2; Reclaim 1 3; Reclaim 1 4; Reclaim 1 5;
       Free 1].
Definition vm1 : Z -> list (Z -> act) :=
  keep_secret [fun _ => Wait 0; fun _ => Share 1 2; fun _ => Load 515 8; fun x => Store 516 8 x;
      fun _ => Cpu_off].
Definition at_ n secret : state := end_of (s_top host vm1) (steps n) (start_with secret 0 5).

(** The secret is in the VM's own page; the page is in no other's hands. *)
Lemma kept secret : mem (at_ 12 secret) 9 3 = secret /\ ps (at_ 12 secret) 9 = Vm 1 1
  /\ sl (at_ 12 secret) 1 1 = Private 9 /\ inside (cp (at_ 12 secret) 0) = false.
Proof. vm_compute. auto. Qed.

(** The page comes back zeroed when the VM shares the ipa; KServ lends page 15 there, and VM and
    KServ see each other's words. *)
Lemma shared secret : mem (at_ 14 secret) 9 3 = 0 /\ ps (at_ 14 secret) 9 = Host
    /\ sl (at_ 14 secret) 1 1 = Shared.
Proof. vm_compute. auto. Qed.
Lemma lent secret : sl (at_ 16 secret) 1 1 = LentAt 15 7 /\ ps (at_ 16 secret) 15 = Lent [(1, 1)]
  /\ mem (at_ 19 secret) 15 4 = 5.
Proof. vm_compute. auto. Qed.

(** After the end every page is KServ's, zeroed, and the handle is free. *)
Lemma destroyed secret : let s := at_ 30 secret in
  forallb (fun p => match ps s p with Host => true | _ => false end) (range 23) = true
  /\ st (vm s 1) = Gone /\ byh s 1 = 0 /\ mem s 8 0 = 0.
Proof. vm_compute. auto. Qed.

(** All of it is one run of the machine of [Statement.v]. *)
Theorem runs secret n : exists ls, boot (start_with secret 0 5) /\
  run (s_machine host vm1 (s_top host vm1)) (start_with secret 0 5) ls (at_ n secret).
Proof. eexists. split; [apply start_boots | apply run_of]. Qed.

Lemma script_NI h g Q : NI (s_machine h g (s_top h g)) Q.
Proof. exact (top_NI pages (s_prg h g) s_nxt s_pc s_start s_legal Q). Qed.

(** Two secrets: everybody but VM 1 sees the same, so it has the same in the end; and VM 1 does
    not. *)
Theorem secret_stays a b : a <> b ->
  sees host vm1 (s_top host vm1) but1 (steps 12) (start_with a 0 5) = sees host vm1 (s_top host
      vm1) but1 (steps 12) (start_with b 0 5)
  /\ alike but1 (at_ 12 a) (at_ 12 b) /\ mem (at_ 12 a) 9 3 <> mem (at_ 12 b) 9 3.
Proof.
  intros N.
  assert (E : sees host vm1 (s_top host vm1) but1 (steps 12) (start_with a 0 5) = sees host vm1
      (s_top host vm1) but1 (steps 12) (start_with b 0 5))
    by (vm_compute; reflexivity).
  split; [exact E|]. split.
  - apply (ends_alike host vm1 (s_top host vm1) but1 (steps 12) (steps 12));
      [apply script_NI | apply start_boots | apply start_boots | apply start_but1 | exact E].
  - rewrite (proj1 (kept a)), (proj1 (kept b)). exact N.
Qed.

(** KServ sees something: what the VM writes to the lent page, and its exits. *)
Lemma exits_are_seen : existsb (fun e => match heard e with [Fexit 1 0 Xoff _] => true | _ =>
    false end)
    (sees host vm1 (s_top host vm1) but1 (steps 21) (start_with 7 0 5)) = true
  /\ existsb (fun e => match heard e with [Fstore 1 516 5] => true | _ => false end)
    (sees host vm1 (s_top host vm1) but1 (steps 21) (start_with 7 0 5)) = true.
Proof. vm_compute. auto. Qed.
