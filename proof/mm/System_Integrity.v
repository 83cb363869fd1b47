(** * Integrity in the whole system

    [private_kept]: at every step of the system, a private page of VM [h] that anybody reaches stays [h]'s, at its
    place among [h]'s frames, and keeps its content, whatever program KServ and the other VMs are, unless the step
    is [h]'s own, or KCore's on a CPU that has loaded a vCPU of [h]. *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events Facts Machine.
From Redoubt.mm Require Import Desc_Spec Invariant Steps Structure Interleave Machine_Proof Alike Lockstep Integrity
  Secure.
From Redoubt.machine Require Import System.
From Redoubt.mm Require Import System_Proof Noninterference.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

Section Integrity.
  Variable B : board.
  Hypothesis HB : board_ok B.
  Variable R : Type.

  Lemma sgood_good s : sgood B R s -> good B (machine_of R s).
  Proof.
    intros [S St F H O]. constructor; auto; intros d X.
    - destruct (H d X) as (b & V & Hb & W). exists b. split; [exact V|]. split; [exact Hb|].
      eapply wp_mono; [exact W|]. intros; exact I.
    - destruct (O d X) as (b & V & W). exists b. split; [exact V|]. eapply wp_mono; [exact W|]. intros; exact I.
  Qed.

  (** An access is a store of the machine, or changes nothing. *)
  Lemma access_step w o T h a t x w' : secure B w -> access B w h a t x w' ->
    w' = w \/ exists p i y, lstep B {| m_world := w; m_lock := o; m_cpu := T |} (Lockstep.Store h p i y)
                                    {| m_world := w'; m_lock := o; m_cpu := T |}
           \/ h <> 0 /\ lstep B {| m_world := w; m_lock := o; m_cpu := T |} (Private h p i y)
                                 {| m_world := w'; m_lock := o; m_cpu := T |}.
  Proof.
    intros S [fn i k p Tl Ri|fn i y k p Tl Ri| | |]; auto. right. exists p, i, y.
    assert (Rc : reach w h p) by (exists k, fn; exact Tl). pose proof (s_tlb B w S k h fn p Tl) as A. unfold allowed in A.
    destruct (Z.eqb_spec h 0) as [->|N].
    - left. apply l_store; [exact Rc|exact Ri|]. intros [Rp K]. unfold secret_state in K.
      destruct A as [_ [[_ A]|A]]; [pg; lia|exact (bo_dev B HB _ A Rp)].
    - destruct A as [Rp [A|(A & _)]].
      + left. apply l_store; [exact Rc|exact Ri|]. intros [_ K]. unfold secret_state in K. pg; lia.
      + right. split; [exact N|]. apply l_private; [exact Rc|exact Ri|]. split; [exact Rp|left; exact A].
  Qed.

  Variables kserv guest : agent R.
  Variable answer : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z).
  Variable offered : Z -> Prop.

  Lemma kept s l s' h fn p : sgood B R s -> step B kserv guest answer offered s l s' ->
    private_page B (s_world s) h fn p -> reached (s_world s) p ->
    private_page B (s_world s') h fn p /\
    ((exists j t f, l = By_vm h j t f) \/ (exists c x, l = By_kcore c x /\ has (Z.of_nat c) (s_world s) [h]) \/
     forall i, w_ram (s_world s') p i = w_ram (s_world s) p i).
  Proof.
    intros G S P Rd. apply sgood_good in G. pose proof (g_secure B _ G) as Se.
    destruct S as [w o C G0 c r t x w' E A|w o C G0 h' j t x w' Hh A|w o C G0 c r fid a1 a2 a3 a4 Hc E Ea Of
      |w o C G0 c r q y w' o' q' E Ks|w o C G0 c r v E]; cbn [s_world s_lock s_cpu] in *; auto.
    - destruct (access_step w o (fun c => code R (C c)) 0 _ t x w' Se A) as [->|(q & i & y & [L|[N _]])]; auto; [|lia].
      destruct (private_step B HB _ _ _ h fn p G L P Rd) as [P' [[(? & ? & X)|(? & ? & ? & ? & X & _)]|X]];
        try discriminate X; auto.
    - destruct (access_step w o (fun c => code R (C c)) h' _ t x w' Se A) as [->|(q & i & y & [L|[_ L]])]; auto.
      + destruct (private_step B HB _ _ _ h fn p G L P Rd) as [P' [[(? & ? & X)|(? & ? & ? & ? & X & _)]|X]];
          try discriminate X; auto.
      + destruct (private_step B HB _ _ _ h fn p G L P Rd) as [P' [[(? & ? & X)|(? & ? & ? & ? & X & _)]|X]];
          try discriminate X; auto.
        injection X as -> _ _ _. split; [exact P'|]. left. eauto.
    - assert (L : exists e v, lstep B (machine_of R {| s_world := w; s_lock := o; s_cpu := C; s_vcpu := G0 |}) (Kcore c e v)
          {| m_world := w'; m_lock := o'; m_cpu := set_cpu (fun c => code R (C c)) c q' |}).
      { unfold machine_of; cbn [s_world s_lock s_cpu]. destruct Ks as [y w k|y w o k|w o e k v w' N1 N2 F].
        - exists lock, y. apply l_lock. rewrite E. reflexivity.
        - exists unlock, y. apply l_unlock. rewrite E. reflexivity.
        - exists e, v. apply l_event; auto. rewrite E. reflexivity. }
      destruct L as (e & v & L).
      destruct (private_step B HB _ _ _ h fn p G L P Rd) as [P' [[(? & ? & X)|(? & ? & ? & ? & X & Hs)]|X]];
        try discriminate X; auto.
      injection X as <- _ _. split; [exact P'|]. right; left. exists c, y. auto.
  Qed.
End Integrity.

Theorem private_kept : forall B (R : Type) (kserv guest : agent R) w r g ls s l s' h fn p,
  board_ok B -> mem_inv B w -> kcore_steps B kserv guest (start w r g) ls s -> kcore_step B kserv guest s l s' ->
  private_page B (s_world s) h fn p -> reached (s_world s) p ->
  private_page B (s_world s') h fn p /\
  ((exists j t f, l = By_vm h j t f) \/ (exists c x, l = By_kcore c x /\ has (Z.of_nat c) (s_world s) [h]) \/
   forall i, w_ram (s_world s') p i = w_ram (s_world s) p i).
Proof.
  intros B R kserv guest w r g ls s l s' h fn p HB M S L P Rd.
  pose proof (sgood_steps B HB R kserv guest _ _ (kcore_answer_ok B HB) _ _ _ (start_good B R w r g M) S) as G.
  exact (kept B HB R kserv guest _ _ s l s' h fn p G L P Rd).
Qed.
